package io.solaster.pool.http;

import io.netty.handler.codec.http.HttpHeaders;

/**
 * An answer of HTTP whose body is yet to come. It holds its connection until the body has been read to its end, or closed:
 * one of the two must happen.
 *
 * @param status such as 200
 * @param headers as they came; their names in any case
 * @param body read piece by piece
 */
public record StreamedResponse(int status, HttpHeaders headers, ResponseBody body) {}
