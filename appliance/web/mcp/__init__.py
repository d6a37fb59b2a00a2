"""The product for agents and editors: the Model Context Protocol over the functions of the pages."""
