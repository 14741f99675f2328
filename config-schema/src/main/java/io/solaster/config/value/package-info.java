/**
 * The values that configuration consists of and Java has no type for (sizes, sets of CPUs, numbers that may be 'auto'),
 * and what is said of a component of a record: its range, and whether it may change while the application runs. Every
 * room above stands on this one. Any thread.
 */
@NullMarked
package io.solaster.config.value;

import org.jspecify.annotations.NullMarked;
