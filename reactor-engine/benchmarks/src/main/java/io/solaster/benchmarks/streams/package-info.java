/** What plug-ins cost. Run by JMH. */
@NullMarked
package io.solaster.benchmarks.streams;

import org.jspecify.annotations.NullMarked;
