/** Reads values out of JSON that somebody else wrote; what is missing or of another kind becomes empty. */

export type Json = { readonly [key: string]: unknown };

export function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

export function text(from: Json, key: string): string {
  const value = from[key];
  return typeof value === "string" ? value : "";
}

export function whole(from: Json, key: string): number {
  const value = from[key];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : 0;
}

export function list(from: Json, key: string): readonly unknown[] {
  const value = from[key];
  return Array.isArray(value) ? value : [];
}

export function texts(from: Json, key: string): readonly string[] {
  return list(from, key).filter((value): value is string => typeof value === "string");
}

/** Parse a text; what is no JSON object becomes an empty one. */
export function parsed(body: string): Json {
  try {
    return record(JSON.parse(body));
  } catch {
    return {};
  }
}
