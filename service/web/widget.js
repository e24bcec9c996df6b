// <groundwire-chat>: the chat as an element of any page.
import { GroundwireChat } from "./web/chat.js";

// A page may load the widget twice; the first one stays.
if (!customElements.get("groundwire-chat")) {
  customElements.define("groundwire-chat", GroundwireChat);
}
