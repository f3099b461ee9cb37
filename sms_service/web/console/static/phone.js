// With scripts the keys write into the field, as on a phone; without, each key is sent at once.
document.addEventListener("click", function (event) {
  var key = event.target.closest && event.target.closest("button.key");
  var field = document.getElementById("f-input");
  if (!key || !field) { return; }
  event.preventDefault();
  field.value += key.value;
  field.focus();
});
document.addEventListener("htmx:afterSwap", function () {
  var field = document.getElementById("f-input");
  if (field && document.activeElement === document.body) { field.focus(); }
});
