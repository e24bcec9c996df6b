customElements.define("groundwire-chat", class extends HTMLElement {});
