// Who signs in by the chat can sign out by the page.
addEventListener("groundwire-signed-in", () => {
  document.getElementById("sign-out").hidden = false;
});
