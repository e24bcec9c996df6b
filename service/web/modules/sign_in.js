// What stands in for an answer where the service wants a key. The key goes to the service, which leaves it in a cookie
// that no script can read; it is kept nowhere else.

import { element } from "./dom.js";
import { detailOf, reach } from "./stream.js";

/**
 * Make a form that asks for a key.
 *
 * @param {URL} address of the service, which is of the page's own origin
 * @param {string} id of its parts
 * @param {() => void} signedIn
 * @returns {HTMLFormElement}
 */
export function signInForm(address, id, signedIn) {
  const key = element("input", {
    part: "key",
    id,
    type: "password",
    autocomplete: "current-password",
    required: true,
    "aria-describedby": `${id}-problem`,
  });
  const submit = element("button", { part: "sign-in-button" }, "Sign in");
  const problem = element("p", { id: `${id}-problem`, role: "alert", dir: "auto" });
  const form = element(
    "form",
    { part: "sign-in", method: "post", "aria-labelledby": `${id}-heading` },
    element("h4", { id: `${id}-heading` }, "This service wants a key"),
    element("label", { for: id }, "Key"),
    element("div", { part: "line" }, key, submit),
    problem,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    problem.textContent = "";
    const why = await signIn(address, key.value).catch((error) => error.message);
    submit.disabled = false;
    key.ariaInvalid = String(Boolean(why));
    if (!why) {
      key.value = "";
      signedIn();
      return;
    }
    problem.textContent = why;
    key.select();
    key.focus();
  });
  return form;
}

/** Sign in; give why that fails, or nothing. */
async function signIn(address, key) {
  const response = await reach(new URL("sign-in", address), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key }),
  });
  return response.ok ? "" : detailOf(response);
}
