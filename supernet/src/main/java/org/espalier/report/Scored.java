package org.espalier.report;

/**
 * An architecture that was scored with the shared weights after the search.
 *
 * @param round counted from 1: a generation of an evolution, or the final after the candidates
 * @param genotype in the space's notation
 * @param calibration training batches that its batch-norm statistics were taken from; 0: those of
 *     each validation batch
 * @param batches of validation images; 0: all
 * @param first which batch was the first
 * @param accuracy share of right answers, 0 to 1
 */
public record Scored(
    int round, String genotype, int calibration, int batches, long first, double accuracy) {}
