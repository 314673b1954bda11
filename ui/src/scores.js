// Scores as text and as lengths. Pure functions. SPDX-License-Identifier: Apache-2.0

export function formatScore(score) {
  return score.toFixed(Math.abs(score) < 10 ? 3 : 2);
}

// Bars start at zero. Where scores are below zero, that would give the best the shortest
// bar; they start a little under the lowest score then, and the table says so.
// {start, part(score): 0 to 1}
export function scaleOf(scores) {
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const start = low < 0 ? low - (high - low) / 10 : 0;
  const span = high - start;
  return { start, part: (score) => (span > 0 ? (score - start) / span : 1) };
}
