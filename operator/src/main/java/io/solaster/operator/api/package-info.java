/** The custom resources of solaster.io, as the API server stores them. */
@NullMarked
package io.solaster.operator.api;

import org.jspecify.annotations.NullMarked;
