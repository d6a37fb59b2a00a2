/** Signing in: by a code that is confirmed in the browser, or with a token that was made there. */

import * as vscode from "vscode";
import { pageOf } from "../api/address.js";
import { Appliance } from "../api/appliance.js";
import { tokenFor } from "../api/device.js";
import { Refused } from "../api/errors.js";
import type { Server } from "../api/http.js";
import type { DeviceCode } from "../api/shapes.js";
import type { Session } from "./session.js";
import * as settings from "./settings.js";

export async function signIn(session: Session): Promise<void> {
  const server = await withAddress();
  if (server === undefined) {
    return;
  }
  const way = await vscode.window.showQuickPick(
    [
      {
        label: "Sign in with the browser",
        detail: "Shows a code that you confirm there",
        browser: true,
      },
      {
        label: "Paste a token",
        detail: "One that you made on the appliance's page of tokens",
        browser: false,
      },
    ],
    { title: `Sign in to ${server.address.host}` },
  );
  const token = way && (await (way.browser ? byBrowser(server) : pasted()));
  if (!token) {
    return;
  }
  const person = await session.keep(server, token);
  const lacking = person.rights.includes("ask") ? "" : " This token may search, but not ask.";
  vscode.window.showInformationMessage(`You are signed in as ${person.user}.${lacking}`);
}

export async function signOut(session: Session): Promise<void> {
  await session.forget();
  vscode.window.showInformationMessage(
    "You are signed out. The token stays valid on the appliance until you revoke it on its page of tokens.",
  );
}

/** Ask for the address the first time. */
async function withAddress(): Promise<Server | undefined> {
  const configuration = vscode.workspace.getConfiguration("plumbline");
  if (configuration.get("serverAddress", "").trim() === "") {
    const address = await vscode.window.showInputBox({
      title: "The address of your company's Plumbline",
      placeHolder: "https://plumbline.example",
      ignoreFocusOut: true,
    });
    if (!address) {
      return undefined;
    }
    await configuration.update("serverAddress", address, vscode.ConfigurationTarget.Global);
  }
  return settings.server();
}

async function pasted(): Promise<string | undefined> {
  const token = await vscode.window.showInputBox({
    title: "Token",
    prompt: "It begins with plumb_ and is kept in the editor's secret store.",
    password: true,
    ignoreFocusOut: true,
  });
  return token?.trim();
}

async function byBrowser(server: Server): Promise<string | undefined> {
  const appliance = new Appliance(server, "");
  const code = await begin(appliance);
  const open = "Copy the code and open the page";
  const pressed = await vscode.window.showInformationMessage(
    `Your code is ${code.userCode}`,
    {
      modal: true,
      detail: `Confirm it on the page of ${server.address.host} that opens. Check that it shows the same code.`,
    },
    open,
  );
  if (pressed !== open) {
    return undefined;
  }
  await vscode.env.clipboard.writeText(code.userCode);
  const page = pageOf(server.address, code.page);
  await vscode.env.openExternal(vscode.Uri.parse(page.href));
  return waited(appliance, code);
}

async function begin(appliance: Appliance): Promise<DeviceCode> {
  try {
    return await appliance.beginDevice();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) {
      throw new Refused("This appliance knows no sign-in by code. Paste a token instead.", 404, "");
    }
    throw error;
  }
}

function waited(appliance: Appliance, code: DeviceCode): Thenable<string | undefined> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: `Waiting until you confirm ${code.userCode} in the browser`,
    },
    (_, cancelled) =>
      tokenFor(
        appliance,
        code,
        (seconds) =>
          new Promise((resolve) => {
            const timer = setTimeout(resolve, seconds * 1000);
            cancelled.onCancellationRequested(() => {
              clearTimeout(timer);
              resolve();
            });
          }),
        () => cancelled.isCancellationRequested,
      ),
  );
}
