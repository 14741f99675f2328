/**
 * A report as text, JSON, HdrHistogram's log format, and one HTML file that needs nothing else. Any thread that may wait for
 * files.
 */
@NullMarked
package io.solaster.load.report;

import org.jspecify.annotations.NullMarked;
