// A link without #quote shows the highlighted words, too.
if (!location.hash) {
  document.getElementById("quote")?.scrollIntoView({ block: "center" });
}
