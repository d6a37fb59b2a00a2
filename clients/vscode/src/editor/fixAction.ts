/** Offers "Fix with Plumbline" where the editor reports a problem. */

import * as vscode from "vscode";

export class FixAction implements vscode.CodeActionProvider {
  provideCodeActions(
    _: vscode.TextDocument,
    range: vscode.Range,
    context: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    if (context.diagnostics.length === 0) {
      return [];
    }
    const action = new vscode.CodeAction("Fix with Plumbline", vscode.CodeActionKind.QuickFix);
    const whole = context.diagnostics.reduce((all, { range: one }) => all.union(one), range);
    action.command = { command: "plumbline.fix", title: action.title, arguments: [whole] };
    action.diagnostics = [...context.diagnostics];
    return [action];
  }
}
