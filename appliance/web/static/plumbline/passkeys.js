/* Passkeys: shows what needs them where the browser knows them, hands the forms of the page to
   allauth's script, and says what went wrong. */
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    if (!window.PublicKeyCredential) return;
    for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
    for (const part of document.querySelectorAll("[data-passkey]")) {
      window.allauth.webauthn.forms[part.dataset.passkey]({ ids: JSON.parse(part.dataset.passkeyIds) });
    }
  });
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const notice = document.getElementById("passkey-error");
    if (!notice) return;
    notice.hidden = false;
    notice.textContent = "The passkey was not used: it was cancelled, or this device has none for here.";
  });
})();
