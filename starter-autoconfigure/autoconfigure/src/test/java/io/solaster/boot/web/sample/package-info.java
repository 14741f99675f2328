/** A WebFlux application as anybody would write it; nothing in it knows which server it runs on. */
@NullMarked
package io.solaster.boot.web.sample;

import org.jspecify.annotations.NullMarked;
