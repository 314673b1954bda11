// The items of an answer; each score with a bar. SPDX-License-Identifier: Apache-2.0
import { formatScore, scaleOf } from './scores.js';

export function ResultTable({ rows }) {
  const scale = scaleOf(rows.map((row) => row.score));
  return (
    <table>
      <thead>
        <tr>
          <th scope="col" class="number">
            Rank
          </th>
          <th scope="col">Title</th>
          <th scope="col" class="number wide">
            Item id
          </th>
          <th scope="col" class="wide">
            Category
          </th>
          <th scope="col" class="score">
            Score
            {scale.start < 0 && (
              <span class="from"> bars from {formatScore(scale.start)}</span>
            )}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.item_id} row={row} part={scale.part(row.score)} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, part }) {
  return (
    <tr>
      <td class="number">{row.rank}</td>
      <th scope="row">
        {row.title}
        <span class="narrow">
          #{row.name} {row.category}
        </span>
      </th>
      <td class="number wide">{row.name}</td>
      <td class="wide">{row.category}</td>
      <td class="score">
        {formatScore(row.score)}
        <span class="track">
          <span class="bar" style={{ width: `${100 * part}%` }} />
        </span>
      </td>
    </tr>
  );
}
