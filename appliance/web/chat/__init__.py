"""The API that clients of OpenAI's chat completions speak, such as editors."""
