// The console's one bundle. State stays on the server; this only carries it to the page.
import htmx from "htmx.org";
import "htmx-ext-sse";

htmx.config.allowEval = false; // pages come with a content security policy that forbids it
htmx.config.historyCacheSize = 0; // what a customer said must not stay in the browser's storage
