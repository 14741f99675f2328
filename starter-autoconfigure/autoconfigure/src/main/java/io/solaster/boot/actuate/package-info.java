/** What people look at: health, meters and endpoints. */
@NullMarked
package io.solaster.boot.actuate;

import org.jspecify.annotations.NullMarked;
