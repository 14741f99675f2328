/**
 * A report as text, JSON, HdrHistogram's log format, one HTML file that needs nothing else, and PNG. Any thread that may wait
 * for files.
 *
 * <p>
 * Charts are drawn once, on a canvas: as SVG whose colours follow the page's light or dark, and as a picture by the JDK. A
 * library of charts was looked at (XChart 4.0.3). It would stand for the picture's canvas alone, some 120 lines: its own SVG
 * comes by one more library, with its colours fixed, so that the charts in pages would stay ours, and those of pictures would
 * be told a second time, in its words, and look different.
 */
@NullMarked
package io.solaster.load.report;

import org.jspecify.annotations.NullMarked;
