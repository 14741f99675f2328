/** RESP2 and RESP3 on the wire: requests and replies, read and written in place, for servers and clients. */
@NullMarked
package io.solaster.resp;

import org.jspecify.annotations.NullMarked;
