// The console's one bundle. State stays on the server; this only carries it to the page.
import htmx from "htmx.org";
import "htmx-ext-sse";
import { tellWhatIsAgreed } from "./agreed";
import { followTheDesk } from "./desk";
import { listenForKeys } from "./keys";
import { playRecordings } from "./player";
import { printOnRequest } from "./print";
import { runTimers } from "./timers";
import { keepClicks } from "./wall";

htmx.config.allowEval = false; // pages come with a content security policy that forbids it
htmx.config.includeIndicatorStyles = false; // and so are inline styles
htmx.config.historyCacheSize = 0; // what a customer said must not stay in the browser's storage
htmx.config.selfRequestsOnly = true;
htmx.config.defaultSettleDelay = 0; // what is on screen takes keys at once
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "4(00|09|22)", swap: true }, // the rules said no: the fragment says why, and shows what stands
  { code: "[45]..", swap: false, error: true },
];

followTheDesk();
listenForKeys();
tellWhatIsAgreed();
runTimers();
keepClicks();
playRecordings();
printOnRequest();
