/** What the editor starts: the commands, the view and the quick fix. */

import * as vscode from "vscode";
import { NotSignedIn, sentenceOf } from "./api/errors.js";
import { PROPOSED, ProposedTexts } from "./editor/changing.js";
import { FixAction } from "./editor/fixAction.js";
import { search } from "./editor/searching.js";
import { selected } from "./editor/selecting.js";
import { Session } from "./editor/session.js";
import { signIn, signOut } from "./editor/signingIn.js";
import { AskView, VIEW } from "./editor/view.js";
import { placeName, toFix } from "./questions.js";

export function activate(context: vscode.ExtensionContext): void {
  const session = new Session(context.secrets);
  const texts = new ProposedTexts();
  const view = new AskView(context.extensionUri, session, texts, (work) => void told(work));
  const commands: Readonly<Record<string, (range?: unknown) => Promise<void>>> = {
    "plumbline.signIn": () => signIn(session),
    "plumbline.signOut": () => signOut(session),
    "plumbline.askQuestion": () => view.prompt(undefined),
    "plumbline.askSelection": async () => {
      const { selection } = await selected(await sourceNames(session));
      await view.prompt(selection);
    },
    "plumbline.fix": (range) => fix(session, view, range),
    "plumbline.search": async () => search(await session.appliance(), (work) => void told(work)),
    "plumbline.newThread": () => view.newThread(),
    "plumbline.stop": () => view.stop(),
  };
  context.subscriptions.push(
    session,
    vscode.window.registerWebviewViewProvider(VIEW, view),
    vscode.workspace.registerTextDocumentContentProvider(PROPOSED, texts),
    vscode.languages.registerCodeActionsProvider({ scheme: "file" }, new FixAction(), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("plumbline")) {
        session.reread();
      }
    }),
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(name, (range?: unknown) => told(run(range))),
    ),
  );
}

async function fix(session: Session, view: AskView, range: unknown): Promise<void> {
  const named = range instanceof vscode.Range ? range : undefined;
  const { selection, problems } = await selected(await sourceNames(session), named);
  const text = toFix(selection, problems);
  await view.ask({ words: "Fix this", about: placeName(selection), text, mode: "fix" });
}

async function sourceNames(session: Session): Promise<readonly string[]> {
  return (await session.person())?.sources ?? [];
}

/** Tell what went wrong, with the way out where there is one. */
async function told(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const way = error instanceof NotSignedIn ? ["Sign in"] : [];
    const pressed = await vscode.window.showErrorMessage(sentenceOf(error), ...way);
    if (pressed === "Sign in") {
      await vscode.commands.executeCommand("plumbline.signIn");
    }
  }
}
