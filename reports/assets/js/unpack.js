// unpack reads one of the page's compressed blocks; an error says what the
// reader can do.
async function unpack(id) {
  const node = $(id);
  if (!node) throw new Error("This report was written without it.");
  if (typeof DecompressionStream === "undefined") throw new Error("This browser cannot unpack it; one from 2023 or later can.");
  const text = atob(node.textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// The charts' library is a script of its own: its hash is in the page's policy.
let library;
function loadCharts() {
  library ||= unpack("echarts-gz").then((code) => {
    const script = document.createElement("script");
    script.textContent = code;
    document.head.append(script);
    if (!window.echarts) throw new Error("The charts could not be started.");
    return window.echarts;
  });
  return library;
}
