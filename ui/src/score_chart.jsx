// Bars for the scores, as SVG. Widths are percentages, so text keeps its size.
// SPDX-License-Identifier: Apache-2.0

const BARS_LIMIT = 25;
const ROW_PX = 37;
const BAR_PX = 9;

export function formatScore(score) {
  return score.toFixed(Math.abs(score) < 10 ? 3 : 2);
}

// Bars start at zero. Where scores are below zero, that would give the best the shortest
// bar; they start a little under the lowest score then, and the caption says so.
function scaleOf(rows) {
  const scores = rows.map((row) => row.score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const start = low < 0 ? low - (high - low) / 10 : 0;
  const span = high - start;
  return { start, width: (score) => (span > 0 ? ((score - start) / span) * 100 : 100) };
}

export function ScoreChart({ rows }) {
  const shown = rows.slice(0, BARS_LIMIT);
  const scale = scaleOf(shown);
  const room = matchMedia('(min-width: 40rem)').matches ? 46 : 32; // letters
  return (
    <figure class="chart">
      <figcaption>{caption(rows, shown, scale)}</figcaption>
      <svg role="img" aria-label={describe(shown)} height={shown.length * ROW_PX}>
        {shown.map((row, index) => (
          <Bar
            key={row.item_id}
            row={row}
            room={room}
            y={index * ROW_PX}
            width={scale.width(row.score)}
          />
        ))}
      </svg>
    </figure>
  );
}

function caption(rows, shown, { start }) {
  const which = rows.length > shown.length ? `, the first ${shown.length}` : '';
  const from = start < 0 ? `; bars start at ${formatScore(start)}` : '';
  return `Scores${which}${from}`;
}

function Bar({ row, room, y, width }) {
  return (
    <g>
      <text class="name" x="0" y={y + 14}>
        {row.rank}. {shorten(row.title, room)}
      </text>
      <text class="value" x="100%" y={y + 14} text-anchor="end">
        {formatScore(row.score)}
      </text>
      <rect class="track" x="0" y={y + 19} width="100%" height={BAR_PX} rx="2" />
      <rect class="bar" x="0" y={y + 19} width={`${width}%`} height={BAR_PX} rx="2" />
    </g>
  );
}

function shorten(title, room) {
  return title.length > room ? `${title.slice(0, room - 1)}…` : title;
}

function describe(rows) {
  const [first, last] = [rows[0], rows[rows.length - 1]];
  return (
    `Bar chart of ${rows.length} scores: from ${formatScore(first.score)} ` +
    `(${first.title}) down to ${formatScore(last.score)} (${last.title}). ` +
    'The table has the same figures.'
  );
}
