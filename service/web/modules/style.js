// The chat's style, kept apart from the page's: a constructed sheet, which a strict policy of the page allows.

export const style = new CSSStyleSheet();

style.replaceSync(`
:host {
  display: block;
  block-size: min(40rem, 100vh);
}

:host([hidden]) {
  display: none;
}

.chat {
  all: initial; /* nothing is inherited from the page but its direction */
  color-scheme: light dark;

  --paper: var(--groundwire-paper, light-dark(#fbf9f4, #17181b));
  --card: var(--groundwire-card, light-dark(#ffffff, #222327));
  --ink: var(--groundwire-ink, light-dark(#1d1b18, #e9e6df));
  --muted: var(--groundwire-muted, light-dark(#5f594f, #a9a499));
  --rule: var(--groundwire-rule, light-dark(#d8d2c4, #3b3c40));
  --edge: var(--groundwire-edge, light-dark(#8a8375, #7c7a76));
  --accent: var(--groundwire-accent, light-dark(#1b4f8a, #93bdf0));
  --doubt: var(--groundwire-doubt, light-dark(#8a4b00, #efb567));
  --error: var(--groundwire-error, light-dark(#a3201d, #ff9d94));
  --serif: var(--groundwire-serif, Charter, "Bitstream Charter", "Iowan Old Style", Georgia, "Noto Serif", "Times New Roman", serif);
  --sans: var(--groundwire-sans, system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif);
  --measure: var(--groundwire-measure, 42em);
  --side: max(1em, (100cqi - var(--measure)) / 2);

  container-type: inline-size;
  display: grid;
  grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr);
  position: relative;
  block-size: 100%;
  max-block-size: max(20em, 100dvh); /* also where the page has made the element one without a size */
  background: var(--paper);
  color: var(--ink);
  font: var(--groundwire-font-size, medium)/1.5 var(--sans);
  overflow-wrap: anywhere;
}

:host([theme=light]) .chat {
  color-scheme: light;
}

:host([theme=dark]) .chat {
  color-scheme: dark;
}

.unseen {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  margin: -1px;
  padding: 0;
  border: 0;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

[hidden] {
  display: none !important;
}

:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}

h2, h3, h4, p, ul, ol, blockquote {
  margin: 0;
  padding: 0;
}

ul {
  list-style: none;
}

a {
  color: var(--accent);
  text-decoration-thickness: 1px;
  text-underline-offset: 0.2em;
}

a:not([part=chip]) {
  text-decoration-color: color-mix(in srgb, currentcolor 40%, transparent);
}

a:hover {
  text-decoration-color: currentcolor;
}

button {
  box-sizing: border-box;
  min-block-size: 2.25em;
  padding: 0.25em 0.875em;
  border: 1px solid var(--edge);
  border-radius: 0.375em;
  background: none;
  color: inherit;
  font: inherit;
  font-size: 0.875em;
  cursor: pointer;
}

button:hover {
  border-color: var(--ink);
}

button:disabled {
  opacity: 0.6;
  cursor: default;
}

[part=header],
[part=form] {
  padding-inline: var(--side);
}

/* The same edges, of which a scrollbar takes nothing away. */
[part=log] > * {
  padding-inline: var(--side) max(0px, var(--side) - (100cqi - 100%));
}

[part=title]:not(.unseen) {
  padding-block: 0.75em;
  font: 700 1.125em/1.3 var(--serif);
}

/* The conversation */

[part=log] {
  position: relative;
  padding-block-end: 1.5em;
  overflow-y: auto;
  overscroll-behavior: contain;
  scrollbar-color: var(--rule) transparent;
}

[part=log]:focus-visible {
  outline-offset: -2px;
}

[part=introduction] {
  min-block-size: 85%;
  padding-block: 1.5em;
  align-content: center;
}

[part=introduction] > p {
  max-inline-size: 22em;
  font: clamp(1.25em, 6cqi, 1.875em)/1.35 var(--serif);
  text-wrap: balance;
}

[part=starters] {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5em;
  margin-block-start: 1.5em;
}

[part=starter] {
  text-align: start;
}

[part=exchange] {
  padding-block: 1.5em 0.5em;
}

[part=exchange] + [part=exchange]::before {
  content: "";
  display: block;
  margin-block: 0.5em 2em;
  border-block-start: 3px double var(--rule);
}

[part=question] {
  margin-block-end: 0.75em;
  font: 700 1.375em/1.3 var(--serif);
  text-wrap: balance;
  white-space: pre-wrap;
}

[part=status],
[part=notice],
[part=stopped],
[part=byline],
[part=original],
[part=limit] {
  color: var(--muted);
}

[part=status]::after {
  content: " …";
}

[part=sentence],
[part=abstention] {
  font: 1.125em/1.6 var(--serif);
}

[part=sentence][data-verdict=unsupported] {
  padding-inline-start: 0.75em;
  border-inline-start: 3px solid var(--doubt);
  color: var(--muted);
}

[part=chip] {
  position: relative; /* and inline: the no-break space before it holds only text */
  margin-inline-end: 0.1em;
  padding-inline: 0.15em;
  border-radius: 0.2em;
  font: 600 0.75em/1.5 var(--sans);
  text-decoration: none;
  vertical-align: 0.15em;
  -webkit-tap-highlight-color: transparent;
}

[part=chip]:is(:hover, :focus-visible, [aria-describedby]) {
  background: var(--accent);
  color: var(--paper);
}

[part=support] {
  margin-block: 0.125em 1em;
  color: var(--muted);
  font-size: 0.8125em;
}

[part=support][data-dots]::before {
  content: attr(data-dots) "  " / "";
  color: var(--accent);
  font-size: 0.625em;
  letter-spacing: 0.2em;
  vertical-align: 0.15em;
}

[part=support][data-verdict=unsupported] {
  margin-block-start: 0;
  padding-inline-start: calc(0.75em * 1.125 / 0.8125);
  border-inline-start: 3px solid var(--doubt);
  color: var(--doubt);
  font-weight: 600;
}

[part=notice] {
  margin-block-end: 0.375em;
  font-size: 0.875em;
}

[part=notice]::before {
  content: "※ " / "";
}

[part=disagreement],
[part=error] {
  margin-block: 0 0.75em;
  padding: 0.625em 0.875em;
  border: 1px solid var(--rule);
  border-inline-start: 3px solid var(--edge);
  border-radius: 0.25em;
  background: var(--card);
  font-size: 0.875em;
}

[part=disagreement] {
  border-inline-start-color: var(--doubt);
}

[part=disagreement] > p:first-child {
  font-weight: 600;
}

[part=disagreement] li {
  margin-block-start: 0.5em;
}

[part=side] {
  font: 1.125em/1.5 var(--serif);
}

[part=disagreement] [part=chip] {
  font-size: 0.875em;
}

[part=error] {
  border-inline-start-color: var(--error);
}

[part=error] p {
  color: var(--error);
}

[part=sign-in] {
  max-inline-size: 28em;
}

[part=sign-in] h4 {
  margin-block: 0 0.5em;
  padding: 0;
  border: 0;
  font: 600 1.125em/1.6 var(--serif);
}

[part=sign-in] label {
  display: block;
  margin-block-end: 0.25em;
  font-size: 0.875em;
}

[part=sign-in] p {
  margin-block-start: 0.5em;
  color: var(--error);
  font-size: 0.875em;
}

[part=retry] {
  margin-block-start: 0.5em;
  font-size: 1em;
}

[part=stopped] {
  display: flex;
  gap: 0.75em;
  align-items: center;
  font-size: 0.875em;
}

[part=stopped] button {
  margin: 0;
}

h4 {
  margin-block: 1.5em 0.5em;
  padding-block-start: 0.75em;
  border-block-start: 1px solid var(--rule);
  font: 700 0.8125em/1.4 var(--sans);
}

[part=sources] {
  padding-inline-start: 1.75em;
}

[part=sources] li,
[part=passages] li {
  margin-block-end: 0.75em;
}

[part=sources] li::marker {
  color: var(--muted);
  font-size: 0.8125em;
  font-variant-numeric: tabular-nums;
}

[part=sources] a:first-child,
[part=passage] {
  color: var(--ink);
  font: 1em/1.4 var(--serif);
}

[part=byline] {
  display: block;
  font-size: 0.8125em;
}

:is([part=quote], [part=disagreement]) [part=byline] {
  font-size: 0.9286em;
}

[part=passages] li > p {
  margin-block-start: 0.25em;
  color: var(--muted);
  font: 0.9375em/1.5 var(--serif);
}

[part=copy] {
  margin-block: 0.75em 0;
}

/* The quote of a chip */

[part=quote] {
  box-sizing: border-box;
  position: fixed;
  inset: 0 auto auto 0;
  inline-size: min(26em, 100vw - 16px);
  max-block-size: min(24em, 60vh);
  margin: 0;
  padding: 0.875em 1em;
  border: 1px solid var(--edge);
  border-radius: 0.375em;
  background: var(--card);
  color: var(--ink);
  box-shadow: 0 0.25em 1.25em rgb(0 0 0 / 18%);
  font-size: 0.875em;
  overflow: auto;
}

[part=quote] blockquote {
  margin-block-end: 0.625em;
  font: 1.125em/1.5 var(--serif);
}

[part=quote] cite {
  display: block;
  font-style: normal;
  font-weight: 600;
}

[part=quote] a {
  display: inline-block;
  margin-block-start: 0.5em;
}

/* The question */

[part=form] {
  padding-block: 0.75em 0.375em;
  border-block-start: 1px solid var(--rule);
}

[part=line] {
  display: flex;
  gap: 0.5em;
  align-items: end;
}

[part=textbox],
[part=key] {
  box-sizing: border-box;
  flex: 1;
  min-inline-size: 0;
  min-block-size: 2.75em;
  padding: 0.575em 0.75em;
  border: 1px solid var(--edge);
  border-radius: 0.375em;
  background: var(--card);
  color: inherit;
  font: inherit;
}

[part=textbox] {
  max-block-size: min(10em, 30vh);
  field-sizing: content;
  resize: none;
}

:is([part=textbox], [part=key]):focus-visible {
  outline-offset: -1px;
}

[part=textbox]::placeholder {
  color: var(--muted);
  opacity: 1;
}

:is([part=textbox], [part=key])[aria-invalid=true] {
  border-color: var(--error);
}

[part=ask],
[part=sign-in-button] {
  min-block-size: 2.75em;
  min-inline-size: 5em;
  border-color: var(--ink);
  background: var(--ink);
  color: var(--paper);
  font-size: 1em;
  font-weight: 600;
}

[part=ask].stops {
  background: none;
  color: var(--ink);
}

[part=below] {
  display: flex;
  justify-content: space-between;
  align-items: center;
  min-block-size: 2em;
}

[part=limit] {
  font-size: 0.8125em;
}

[part=limit][data-state=over] {
  color: var(--error);
  font-weight: 600;
}

[part=new] {
  margin-inline-start: auto;
  padding-inline: 0;
  border-color: transparent;
  color: var(--muted);
  text-decoration: underline;
  text-decoration-color: var(--rule);
  text-underline-offset: 0.2em;
}

[part=new]:hover {
  border-color: transparent;
  color: var(--ink);
  text-decoration-color: currentcolor;
}

@media (pointer: coarse) {
  button {
    min-block-size: 44px;
    min-inline-size: 44px;
  }

  [part=textbox],
  [part=key] {
    font-size: max(1em, 16px); /* or a phone zooms in */
  }

  [part=chip] {
    margin-inline-end: 0.5em;
  }

  [part=chip]::after {
    content: "";
    position: absolute;
    inset: 50% auto auto 50%;
    inline-size: 44px;
    block-size: 44px;
    translate: -50% -50%;
  }

  [part=sources] li > a,
  [part=passage] {
    display: block;
    padding-block: 0.7em 0.4em;
    text-align: match-parent;
  }

  [part=original],
  [part=quote] a {
    display: inline-block;
    padding-block: 1em;
  }
}

@media (prefers-reduced-motion: no-preference) {
  [part=status]::after {
    animation: waits 1.2s ease-in-out infinite alternate;
  }

  @keyframes waits {
    to {
      opacity: 0.2;
    }
  }
}

@media (forced-colors: active) {
  [part=chip]:is(:hover, :focus-visible, [aria-describedby]) {
    outline: 2px solid Highlight;
    color: LinkText;
  }

  [part=ask],
  [part=sign-in-button] {
    border: 2px solid ButtonText;
    color: ButtonText;
  }
}

@media print {
  .chat {
    color-scheme: light !important; /* paper is */
    display: block;
    block-size: auto;
    max-block-size: none;
  }

  [part=log] {
    overflow: visible;
  }

  [part=form],
  [part=sign-in],
  [part=quote],
  button {
    display: none;
  }

  [part=sentence],
  [part=disagreement],
  li {
    break-inside: avoid;
  }

  [part=question] {
    break-after: avoid;
  }

  [part=original]::after {
    content: " (" attr(href) ")";
  }
}
`);
