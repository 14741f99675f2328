/** Plug-ins as a bean, and the endpoint that shows them. Called by Spring. */
@NullMarked
package io.solaster.boot.plugin;

import org.jspecify.annotations.NullMarked;
