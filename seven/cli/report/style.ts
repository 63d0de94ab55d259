/**
 * How a report looks on screens of any width and on paper.
 *
 * @module
 */
import { colors, levels } from "./colors.ts";

const heat = Array.from({ length: levels + 1 }, (_, i) => `.h${i}{background:var(--heat${i})}`).join("");

/** The style sheet. No fonts and nothing else are fetched. */
export const style: string = `${colors}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink)}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:54rem;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}
h3{font-size:1rem;margin:1.25rem 0 .25rem}
h2{font-size:1.25rem;line-height:1.3;margin:2.75rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--rule)}
h1,h2,p,dt,li,figcaption,code,th[scope=row],.words td{overflow-wrap:anywhere}
th[scope=row]{min-width:6.5em}
p{margin:.5rem 0}
.faint,figcaption{color:var(--faint)}
figcaption,.note,details{font-size:.875rem}
figure{margin:1rem 0}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;margin:1.25rem 0;padding:0}
.numbers div{background:var(--panel);border-radius:.5rem;padding:.75rem 1rem}
.numbers dt{color:var(--faint);font-size:.875rem}
.numbers dd{margin:0;font-size:1.5rem;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
.numbers small{display:block;font-size:.8125rem;font-weight:400;color:var(--faint)}
.plot{display:block;width:100%;height:auto;font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.plot text{white-space:pre}
.narrow{display:none}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.875rem}
th,td{padding:.25rem .625rem;text-align:right;vertical-align:top}
td,thead th{white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{font-weight:600;color:var(--faint);border-bottom:1px solid var(--rule);vertical-align:bottom}
tbody th{font-weight:400}
tbody tr+tr>*{border-top:1px solid var(--shade)}
.words td,.words th{text-align:left}
.words td{white-space:normal}
.heat{width:100%;table-layout:fixed}
.heat td{text-align:center;border:2px solid var(--page)!important;padding:.25rem 0;border-radius:3px}
.heat thead th{text-align:center;padding:.25rem 0;white-space:normal}
.heat th:first-child{min-width:0;width:5.5rem;text-align:left;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.heat td,.bar i,.key i{-webkit-print-color-adjust:exact;print-color-adjust:exact}
${heat}
.bars{width:100%}
.bars td:nth-child(2){width:58%;text-align:left;padding-right:0}
.bars thead th:nth-child(2){text-align:left}
.bar span{display:flex;align-items:center;gap:.5rem;white-space:nowrap}
.bar i{display:block;flex:none;height:.75rem;border-radius:2px;min-width:1px;background:var(--kept)}
.bar i.b{background:var(--pruned)}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:.25rem 0;padding:0;font-size:.875rem}
.key i{display:inline-block;width:.875rem;height:.875rem;border-radius:2px;margin-right:.375rem;vertical-align:-.1em}
.key i{background:var(--kept)}
.key i.b{background:var(--pruned)}
details{margin:.5rem 0}
summary{cursor:pointer;color:var(--faint)}
details .scroll{max-height:28rem;overflow:auto;margin-top:.5rem}
pre{background:var(--panel);border-radius:.5rem;padding:.75rem 1rem;margin:.75rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
:focus-visible{outline:2px solid var(--kept);outline-offset:2px}
@media screen and (max-width:600px){
main{padding:1.25rem .9375rem 3rem}
h1{font-size:1.375rem}
.numbers{grid-template-columns:1fr 1fr;gap:.5rem}
.numbers div{padding:.5rem .75rem}
.numbers dd{font-size:1.25rem}
.wide{display:none}
.narrow{display:block}
.heat{font-size:.75rem}
.heat th:first-child{width:4.25rem}
.bars td:nth-child(2){width:52%}
table{font-size:.8125rem}
.bars th[scope=row]{min-width:5em}
th,td{padding:.25rem .375rem}
}
@page{margin:16mm}
@media print{
body{font-size:10.5pt}
main{max-width:none;padding:0}
h1,h2{break-after:avoid}
figure:not(:has(.bars)),.numbers,pre,tr,table:not(.bars,.words){break-inside:avoid}
h3{break-after:avoid}
details:not([open]){display:none}
.numbers{grid-template-columns:repeat(4,1fr)}
.numbers dd{font-size:1.25rem}
.numbers div{border:1px solid var(--rule)}
}`;
