/** Append logs as beans, with their health. Called by Spring. */
@NullMarked
package io.solaster.boot.log;

import org.jspecify.annotations.NullMarked;
