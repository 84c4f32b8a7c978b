/**
 * Tabular benchmarks: tables of trained architectures, rank statistics, and searches that the
 * tables simulate.
 */
@NullMarked
package org.espalier.benchmark;

import org.jspecify.annotations.NullMarked;
