"""TypeScript: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import chunk_at, fill, outline

TEXT = f"""@Injectable()
export abstract class Service<T> {{
  constructor(private http: Http) {{
{fill("    x = 1;")}  }}

  @Input()
  get(id: string): T {{
{fill("    y = 2;")}  }}
}}

export interface Options {{
{fill("  a?: string;")}}}

namespace Deep.Inner {{
  export function help() {{
{fill("    z = 3;")}  }}
}}

type Union =
{fill("  | 'a'")}
enum Color {{
{fill("  Red,")}}}
"""

TEXT_TSX = f"""export const Button: FC<Props> = ({{ label }}) => {{
{fill("  use(label);")}  return <b>{{label}}</b>;
}};

export default function App() {{
{fill("  use(1);")}  return <Button label="x" />;
}}
"""


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "typescript") == [
        ("L1-L59", "method", "Service.constructor"),
        ("L61-L119", "method", "Service.get"),
        ("L121-L177", "interface", "Options"),
        ("L179-L237", "namespace", "Deep.Inner"),
        ("L239-L294", "type", "Union"),
        ("L296-L352", "enum", "Color"),
    ]


def test_tsx_components_are_functions() -> None:
    assert outline(TEXT_TSX, "tsx") == [
        ("L1-L58", "function", "Button"),
        ("L60-L117", "function", "App"),
    ]


def test_a_method_knows_its_class() -> None:
    assert chunk_at(TEXT, "typescript", 80).context == "abstract class Service<T>"
