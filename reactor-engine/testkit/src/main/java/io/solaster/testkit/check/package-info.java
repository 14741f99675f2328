/**
 * Histories of what clients asked and were answered, and whether a correct system could have answered so. Tests call all
 * of it. A {@link io.solaster.testkit.check.History} is recorded by many threads, each with a recorder of its own, and
 * read after they have ended; all else is for one thread.
 */
@NullMarked
package io.solaster.testkit.check;

import org.jspecify.annotations.NullMarked;
