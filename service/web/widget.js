// <groundwire-chat>: the chat as an element of any page.
import "./web/chat.js";
