package org.espalier.space;

/** One chosen operation: on the edge that leads from node {@code from} to node {@code to}. */
public record Gene(int from, int to, String op) {}
