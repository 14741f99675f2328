/** What plug-ins and topics cost. Run by JMH, and by hand. */
@NullMarked
package io.solaster.benchmarks.streams;

import org.jspecify.annotations.NullMarked;
