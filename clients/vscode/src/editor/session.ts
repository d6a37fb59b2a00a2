/** Who is signed in. The token is in the editor's secret store, one for each appliance, and nowhere else. */

import * as vscode from "vscode";
import { Appliance } from "../api/appliance.js";
import { NotSignedIn } from "../api/errors.js";
import type { Server } from "../api/http.js";
import type { Person } from "../api/shapes.js";
import * as settings from "./settings.js";

export class Session implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  private known: { readonly token: string; readonly person: Person } | undefined;
  readonly onChange = this.changes.event;

  constructor(private readonly secrets: vscode.SecretStorage) {}

  /** Return the appliance as this person sees it. */
  async appliance(): Promise<Appliance> {
    const server = await settings.server();
    const token = await this.secrets.get(keyOf(server));
    if (token === undefined) {
      throw new NotSignedIn("You are not signed in to the appliance.");
    }
    return new Appliance(server, token);
  }

  /** Return who this is, or nothing when nobody is signed in. Asked anew for each token. */
  async person(): Promise<Person | undefined> {
    const server = await settings.server();
    const token = await this.secrets.get(keyOf(server));
    if (token === undefined) {
      return undefined;
    }
    if (this.known?.token !== token) {
      const person = await new Appliance(server, token).me();
      this.known = { token, person };
    }
    return this.known.person;
  }

  /** Keep a token after the appliance has said whose it is. */
  async keep(server: Server, token: string): Promise<Person> {
    const person = await new Appliance(server, token).me();
    await this.secrets.store(keyOf(server), token);
    this.known = { token, person };
    this.changes.fire();
    return person;
  }

  async forget(): Promise<void> {
    await this.secrets.delete(keyOf(await settings.server()));
    this.known = undefined;
    this.changes.fire();
  }

  /** Read the settings anew: another address is another appliance. */
  reread(): void {
    this.known = undefined;
    this.changes.fire();
  }

  dispose(): void {
    this.changes.dispose();
  }
}

/** A token never goes to an appliance that it was not made for, whatever the settings say later. */
function keyOf(server: Server): string {
  return `token ${server.address.origin}`;
}
