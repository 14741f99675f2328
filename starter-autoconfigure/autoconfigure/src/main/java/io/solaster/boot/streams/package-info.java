/** Topics as a bean, with their health, the endpoint that shows them, and listeners on them. Called by Spring. */
@NullMarked
package io.solaster.boot.streams;

import org.jspecify.annotations.NullMarked;
