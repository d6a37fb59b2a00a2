/* Shows what needs passkeys where the browser knows them, and says what went wrong with one. */
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    if (!window.PublicKeyCredential) return;
    for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
  });
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const notice = document.getElementById("passkey-error");
    if (!notice) return;
    notice.hidden = false;
    notice.textContent = "The passkey was not used: it was cancelled, or this device has none for here.";
  });
})();
