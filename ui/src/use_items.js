// Titles and categories of items, fetched as they come into view.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { itemOf, readItems } from './api.js';

// A function from item id or key to item; pauseMs: for ids that are being typed. Titles are an
// ornament: without them ids are shown.
export function useItems(ids, pauseMs = 0) {
  const [, setFetched] = useState('');
  const key = JSON.stringify(ids);
  useEffect(() => {
    if (ids.length === 0) return undefined;
    const aborter = new AbortController();
    const timer = setTimeout(() => {
      readItems(ids, aborter.signal).then(
        () => setFetched(key),
        () => {},
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      aborter.abort();
    };
  }, [key]);
  return itemOf;
}
