/** What is configured below {@code solaster.plugins}: code that looks at messages of topics. Any thread. */
@NullMarked
package io.solaster.config.plugin;

import org.jspecify.annotations.NullMarked;
