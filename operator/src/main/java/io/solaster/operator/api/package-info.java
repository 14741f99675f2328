/**
 * The custom resources of solaster.io, as the API server stores them, and the labels and keys that they are known by.
 * Every room may use them; an object belongs to the thread that read or made it.
 */
@NullMarked
package io.solaster.operator.api;

import org.jspecify.annotations.NullMarked;
