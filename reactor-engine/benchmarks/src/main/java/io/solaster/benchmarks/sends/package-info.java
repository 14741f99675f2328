/** What large answers and idle connections cost, beside nginx and redis-server: {@code sends.sh}. On any thread of its own process. */
@NullMarked
package io.solaster.benchmarks.sends;

import org.jspecify.annotations.NullMarked;
