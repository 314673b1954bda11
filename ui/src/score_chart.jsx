// Bars for the scores, as SVG. Widths are percentages, so text keeps its size.
// SPDX-License-Identifier: Apache-2.0

const BARS_LIMIT = 25;
const ROW_PX = 37;
const BAR_PX = 9;

export function formatScore(score) {
  return score.toFixed(Math.abs(score) < 10 ? 3 : 2);
}

// Zero is always in the picture: the length of a bar is its score.
function scaleOf(rows) {
  const scores = rows.map((row) => row.score);
  const low = Math.min(0, ...scores);
  const span = Math.max(0, ...scores) - low || 1;
  return (score) => ((score - low) / span) * 100;
}

export function ScoreChart({ rows }) {
  const shown = rows.slice(0, BARS_LIMIT);
  const x = scaleOf(shown);
  return (
    <figure class="chart">
      <figcaption>
        Scores
        {rows.length > shown.length && `, the first ${shown.length} of ${rows.length}`}
      </figcaption>
      <svg role="img" aria-label={describe(shown)} height={shown.length * ROW_PX}>
        {shown.map((row, index) => (
          <Bar
            key={row.item_id}
            row={row}
            y={index * ROW_PX}
            from={x(0)}
            to={x(row.score)}
          />
        ))}
      </svg>
    </figure>
  );
}

function Bar({ row, y, from, to }) {
  return (
    <g>
      <text class="name" x="0" y={y + 14}>
        {row.rank}. {shorten(row.title)}
      </text>
      <text class="value" x="100%" y={y + 14} text-anchor="end">
        {formatScore(row.score)}
      </text>
      <rect class="track" x="0" y={y + 19} width="100%" height={BAR_PX} rx="2" />
      <rect
        class="bar"
        x={`${Math.min(from, to)}%`}
        y={y + 19}
        width={`${Math.abs(to - from)}%`}
        height={BAR_PX}
        rx="2"
      />
    </g>
  );
}

function shorten(title) {
  return title.length > 32 ? `${title.slice(0, 31)}…` : title;
}

function describe(rows) {
  const [first, last] = [rows[0], rows[rows.length - 1]];
  return (
    `Bar chart of ${rows.length} scores: from ${formatScore(first.score)} ` +
    `(${first.title}) down to ${formatScore(last.score)} (${last.title}). ` +
    'The table has the same figures.'
  );
}
