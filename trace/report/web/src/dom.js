// SPDX-License-Identifier: BSD-2-Clause
// Elements from code. Text becomes text nodes only: there is no innerHTML in this page.

export function el(tag, props = {}, ...children) {
	const node = document.createElement(tag);
	for (const [key, value] of Object.entries(props)) {
		if (value === null || value === undefined || value === false) continue;
		if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
		else if (key === 'class') node.className = value;
		else if (key === 'style') Object.assign(node.style, value);
		else node.setAttribute(key, value === true ? '' : value);
	}
	node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
	return node;
}

export const $ = (id) => document.getElementById(id);

// The last call within wait milliseconds counts.
export function debounce(wait, fn) {
	let timer;
	return (...args) => {
		clearTimeout(timer);
		timer = setTimeout(() => fn(...args), wait);
	};
}
