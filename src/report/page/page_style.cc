#include "report/page/page_style.h"

namespace hens {

const char* const page_style = R"css(
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#4f5965;--rule:#d5dae0;--tint:#f3f5f8;--link:#0b57a4;
--a:#0b57a4;--b:#b3471d;--c:#5b3f9e;--d:#0f766e;--fan:11,87,164}
@media(prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e7ebf0;--soft:#aeb8c4;--rule:#38414c;--tint:#1d232a;--link:#8abfff;
--a:#7db6fb;--b:#f2a27e;--c:#c0a8f5;--d:#62cbbd;--fan:125,182,251}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,footer{max-width:62rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.6rem}
h1{font-size:1.9rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:2.4rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--rule)}
h3{font-size:1.05rem;margin:1.6rem 0 .3rem;overflow-wrap:anywhere}
p{margin:.4rem 0}
.soft,figcaption,footer{color:var(--soft)}
footer{padding-top:1rem;padding-bottom:2rem;margin-top:2rem;border-top:1px solid var(--rule);font-size:.9rem}
a{color:var(--link)}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.8rem 0 0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.15rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto;margin:.8rem 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.2rem 0}
th,td{padding:.25rem .7rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
thead th{color:var(--soft);font-weight:600}tbody th{font-weight:400}.r{text-align:right}
code,pre{font:.86rem/1.5 ui-monospace,"DejaVu Sans Mono",monospace}
code{overflow-wrap:anywhere}
pre{background:var(--tint);border:1px solid var(--rule);border-radius:6px;padding:.7rem .9rem;overflow-x:auto;margin:.6rem 0}
details>summary{cursor:pointer;margin:.6rem 0}
figure{margin:.5rem 0 1rem}
figure img{display:block;width:100%;max-width:50rem;height:auto;background:#fff;border-radius:6px}
figcaption{font-size:.9rem;margin-top:.2rem}
.frames figure[hidden]{display:none}
.slider{display:flex;gap:.8rem;align-items:center;max-width:50rem;margin:.3rem 0}
.slider input{flex:1;min-width:8rem;accent-color:var(--a)}
.slider output{min-width:6.5rem;font-variant-numeric:tabular-nums}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 1.5rem}
.chart{display:block;width:100%;max-width:50rem;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.chart text{fill:var(--ink)}.chart .mid{text-anchor:middle}.chart .end{text-anchor:end}
.grid{fill:none;stroke:var(--rule);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.a{stroke:var(--a)}.b{stroke:var(--b)}.c{stroke:var(--c)}.d{stroke:var(--d)}
.line.mean{stroke:var(--ink);stroke-width:2.6}.line.member{stroke:rgba(var(--fan),.55);stroke-width:1}
.line.reference{stroke:var(--soft);stroke-dasharray:5 4;stroke-width:1.3}
rect.mean{fill:var(--ink)}rect.member{fill:rgba(var(--fan),.55)}rect.reference{fill:var(--soft)}
.fan0{fill:rgba(var(--fan),.16)}.fan1{fill:rgba(var(--fan),.24)}.fan2{fill:rgba(var(--fan),.32)}.fan3{fill:rgba(var(--fan),.4)}
.fa{fill:var(--a)}.fb{fill:var(--b)}.fc{fill:var(--c)}.fd{fill:var(--d)}
rect.a,circle.a{fill:var(--a)}rect.b,circle.b{fill:var(--b)}rect.c,circle.c{fill:var(--c)}rect.d,circle.d{fill:var(--d)}
rect.a,rect.b,rect.c,rect.d,circle{stroke:none}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@media print{:root{--paper:#fff;--ink:#000;--soft:#333;--rule:#bbb;--tint:#fff;--link:#000;--a:#0b57a4;--b:#b3471d;--c:#5b3f9e;--d:#0f766e;--fan:11,87,164}
nav,.slider input{display:none}body{font-size:10pt}figure,tr,.chart{break-inside:avoid}h2,h3{break-after:avoid}.wide,pre{overflow:visible}pre{white-space:pre-wrap}}
)css";

const char* const page_script = R"js(
for (const box of document.querySelectorAll('.frames')) {
  const figures = [...box.querySelectorAll('figure')];
  if (figures.length < 2) continue;
  const bar = document.createElement('div'), slider = document.createElement('input'), said = document.createElement('output');
  bar.className = 'slider';
  Object.assign(slider, {type: 'range', min: 0, max: figures.length - 1, step: 1, value: 0});
  slider.setAttribute('aria-label', 'Lead time: ' + box.dataset.title);
  const show = () => {
    figures.forEach((figure, k) => { figure.hidden = k !== Number(slider.value); });
    said.textContent = figures[slider.value].dataset.lead;
    slider.setAttribute('aria-valuetext', said.textContent);
  };
  slider.addEventListener('input', show);
  bar.append(slider, said);
  box.prepend(bar);
  show();
}
)js";

}  // namespace hens
