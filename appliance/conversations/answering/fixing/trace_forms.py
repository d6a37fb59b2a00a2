"""How the languages write a stack trace: one pattern for each kind of line.

A trace comes from anywhere. Every pattern looks at one line of bounded length, and its repetitions
cannot overlap, so that no line is expensive.
"""

from __future__ import annotations

import re

PATH = r"[^\s:()\"'<>|*?]{1,400}"
NAME = r"[\w.$<>:~\[\]#/-]{1,300}"

# Each has the groups path and line; function where the same line names it. In the order in which
# they are tried.
PLACES = tuple(
    re.compile(form)
    for form in (
        # Python
        r'\s*File "(?P<path>[^"\n]{1,400})", line (?P<line>\d{1,7})(?!\w)(?:, in (?P<function>\S{1,300}))?',
        # JavaScript: at Object.parse (/app/lib/a.js:10:5), at async f (file:///app/a.js:1:2)
        rf"\s*at (?:async )?(?:new )?(?P<function>{NAME})(?: \[as [\w.$]{{1,80}}\])? "
        r"\((?:file://)?(?P<path>[^()\n]{1,400}?):(?P<line>\d{1,7}):\d{1,7}\)",
        r"\s*at (?:async )?(?:file://)?(?P<path>/?[^\s()]{1,400}?):(?P<line>\d{1,7}):\d{1,7}\s*$",
        # Java, Kotlin, Scala: at com.shop.Cart.add(Cart.java:12)
        r"\s*at (?P<function>[\w.$<>/@-]{1,300})\((?P<path>[\w$.-]{1,200}):(?P<line>\d{1,7})\)",
        # .NET: at Shop.Cart.Add(Item item) in C:\src\Cart.cs:line 12
        r"\s*at (?P<function>[\w.`<>+\[\],]{1,300})\([^()\n]{0,400}\) in (?P<path>[^\n]{1,400}?):line (?P<line>\d{1,7})",
        # C and C++, sanitizers and gdb: #1 0x4f in main /src/a.c:12:5, #1  main (x=1) at a.c:12
        rf"\s*#\d{{1,5}}\s+(?:0x[0-9a-fA-F]{{1,20}} )?in (?P<function>{NAME})(?:\([^()\n]{{0,300}}\))? (?P<path>{PATH}):(?P<line>\d{{1,7}})",
        rf"\s*#\d{{1,5}}\s+(?:0x[0-9a-fA-F]{{1,20}} in )?(?P<function>{NAME}) \([^\n]{{0,400}}?\) at (?P<path>{PATH}):(?P<line>\d{{1,7}})",
        # valgrind: ==9==    at 0x10916B: add (cart.c:12)
        rf"(?:==\d{{1,10}}==)?\s{{0,40}}(?:at|by) 0x[0-9A-Fa-f]{{1,20}}: (?P<function>{NAME}) \((?P<path>{PATH}):(?P<line>\d{{1,7}})\)",
        # Firefox and Safari: add@http://localhost:3000/static/cart.js:10:5
        r"(?P<function>[\w.$<>/*]{0,200})@(?:file|https?)://[^/\s]{0,200}(?P<path>/[^\s:?#]{1,400})(?:\?[^\s:]{0,200})?:(?P<line>\d{1,7}):\d{1,7}\s*$",
        # Rust: panicked at src/main.rs:10:5:
        rf"thread '[^'\n]{{0,100}}'(?: \(\d{{1,20}}\))? panicked at (?:'[^\n]{{0,600}}', )?(?P<path>{PATH}):(?P<line>\d{{1,7}})",
        rf"\s+at (?P<path>{PATH}\.rs):(?P<line>\d{{1,7}})",
        # Go: a path and a line under the function
        rf"\t(?P<path>{PATH}\.(?:go|s)):(?P<line>\d{{1,7}})(?: \+0x[0-9a-fA-F]{{1,20}})?\s*$",
        # Ruby and PHP
        rf"\s*(?:from |#\d{{1,5}} )?(?P<path>{PATH}\.rb):(?P<line>\d{{1,7}}):in [`'](?P<function>[^'\n]{{1,300}})'",
        rf"[^\n]{{0,400}}? in (?P<path>{PATH}\.php)(?: on line |:)(?P<line>\d{{1,7}})",
        # Elixir: (shop 0.1.0) lib/shop/cart.ex:12: Shop.Cart.add/2
        rf"\s*\([\w. ]{{1,80}}\) (?P<path>{PATH}\.exs?):(?P<line>\d{{1,7}}): (?P<function>{NAME})",
        # Swift: Fatal error: Index out of range: file Shop/Cart.swift, line 12
        rf"[^\n]{{0,600}}?: file (?P<path>{PATH}\.swift), line (?P<line>\d{{1,7}})",
        # Compilers and linters: src/a.c:12:5: error: ...
        rf"\s*(?:-->\s*)?(?P<path>{PATH}\.\w{{1,12}})[:(](?P<line>\d{{1,7}})(?:[:,]\d{{1,7}})?\)?(?::|\s*$)",
    )
)
# A function that stands on the line before its place: Go, and Rust's numbered backtrace.
FUNCTION_BEFORE = re.compile(
    r"(?P<go>[^\s\"']{1,300}?)\((?:\.\.\.|0x|\{|\))"
    r"|\s*\d{1,5}:\s+(?:0x[0-9a-fA-F]{1,20} - )?(?P<rust>[\w:<>{}$., ]{1,300})$"
    r"|created by (?P<by>[\w./*()-]{1,300})"
)
CAUSE = re.compile(r"\s*Caused by: ")  # Java: what failed first stands last
ERRORS = tuple(
    re.compile(form)
    for form in (
        r"Caused by: (?P<type>[\w.$]{1,200})(?:: ?(?P<message>[^\n]{0,1000}))?$",
        r"Exception in thread \"[^\"\n]{0,200}\" (?P<type>[\w.$]{1,200})(?:: (?P<message>[^\n]{0,1000}))?",
        r"Unhandled exception\. (?P<type>[\w.]{1,200}): (?P<message>[^\n]{0,1000})",
        r"thread '[^'\n]{0,100}' (?P<type>panicked) at '(?P<message>[^\n]{0,1000}?)', ",
        r"E {2,20}(?P<type>[A-Za-z_][\w.]{0,200}): (?P<message>[^\n]{0,1000})",  # pytest
        r"PHP [A-Z][a-z ]{1,30}: {1,4}(?:Uncaught )?(?P<type>\w{1,80}): (?P<message>[^\n]{0,1000})",
        r"\*\* \((?P<type>[\w.]{1,100})\) (?P<message>[^\n]{0,1000})",  # Elixir
        r"[^\n]{1,400}?:in [`'][^'\n]{1,300}': (?P<message>[^\n]{0,1000}?) \((?P<type>[A-Z][\w:]{0,100})\)$",
        r"(?P<type>panic|[Ff]atal error): (?P<message>[^\n]{1,1000})",
        r"[^\n]{0,40}ERROR: (?P<type>\w{1,40}Sanitizer): (?P<message>[^\n]{1,1000})",
        r"[^\n]{0,400}?: (?P<type>runtime error|error|fatal error): (?P<message>[^\n]{1,1000})",
        r"(?:Uncaught )?(?P<type>[A-Za-z_][\w.$]{0,200}(?:Error|Exception|Warning|Exit|Interrupt|Failure|Panic))"
        r"(?: \[\w{1,80}\])?(?:: (?P<message>[^\n]{0,1000}))?$",
        r"(?P<type>[a-z_][\w]{0,80}(?:\.[A-Za-z_]\w{0,80}){1,6}): (?P<message>[^\n]{1,1000})",
    )
)
NAMELESS = frozenset({"<module>", "<anonymous>", "<lambda>", "<unknown>", "Object", "??"})
