/**
 * Bodies of several parts: {@link io.solaster.http.body.Multipart} and {@link io.solaster.http.body.Part}, for
 * applications. The rest is their machinery. On the shard that owns the request.
 */
@NullMarked
package io.solaster.http.body;

import org.jspecify.annotations.NullMarked;
