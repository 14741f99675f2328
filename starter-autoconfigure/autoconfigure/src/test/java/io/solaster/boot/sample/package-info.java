/** The sample of the README, in a package of its own, as an application is. */
@NullMarked
package io.solaster.boot.sample;

import org.jspecify.annotations.NullMarked;
