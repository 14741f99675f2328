package io.solaster.http.route;

import java.util.List;

/**
 * The filters that may apply to a route, in the order in which they are asked.
 *
 * @param before asked before the handler
 * @param after asked before the head of the response is sent
 * @param errors asked about a failure
 */
record Filters(List<Filter> before, List<Filter> after, List<ErrorFilter<?>> errors) {}
