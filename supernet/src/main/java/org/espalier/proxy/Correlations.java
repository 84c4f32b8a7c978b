package org.espalier.proxy;

import java.util.Arrays;
import org.ejml.simple.SimpleEVD;
import org.ejml.simple.SimpleMatrix;

/** Small dense linear algebra of proxies. */
final class Correlations {
  private Correlations() {}

  /** Pearson's correlation between the rows; NaN where a row is constant. */
  static SimpleMatrix ofRows(float[][] rows) {
    int n = rows.length;
    double[][] standard = new double[n][];
    for (int i = 0; i < n; i++) {
      standard[i] = standardised(rows[i]);
    }
    SimpleMatrix matrix = new SimpleMatrix(n, n);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double product = 0;
        for (int k = 0; k < standard[i].length; k++) {
          product += standard[i][k] * standard[j][k];
        }
        matrix.set(i, j, product);
        matrix.set(j, i, product);
      }
    }
    return matrix;
  }

  /** Of mean 0 and Euclidean norm 1. */
  private static double[] standardised(float[] row) {
    double mean = 0;
    for (float value : row) {
      mean += value;
    }
    mean /= row.length;
    double squares = 0;
    double[] standard = new double[row.length];
    for (int k = 0; k < row.length; k++) {
      standard[k] = row[k] - mean;
      squares += standard[k] * standard[k];
    }
    double norm = Math.sqrt(squares);
    for (int k = 0; k < row.length; k++) {
      standard[k] /= norm;
    }
    return standard;
  }

  /**
   * Eigenvalues of a symmetric matrix, in no order. A solver for any matrix may return complex ones
   * where two of them are close; the symmetric one cannot.
   *
   * @throws IllegalArgumentException if the matrix is not exactly symmetric
   */
  static double[] eigenvalues(SimpleMatrix matrix) {
    int n = matrix.getNumRows();
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        if (matrix.get(i, j) != matrix.get(j, i) && !Double.isNaN(matrix.get(i, j))) {
          throw new IllegalArgumentException("eigenvalues: the matrix is not symmetric");
        }
      }
    }
    if (matrix.hasUncountable()) {
      Arrays.fill(values, Double.NaN);
      return values;
    }
    SimpleEVD<SimpleMatrix> decomposition = matrix.eig();
    for (int i = 0; i < n; i++) {
      values[i] = decomposition.getEigenvalue(i).getReal();
    }
    return values;
  }

  /** log det of a symmetric positive semidefinite matrix; -infinity or NaN if it is singular. */
  static double logDeterminant(SimpleMatrix matrix) {
    double sum = 0;
    for (double value : eigenvalues(matrix)) {
      sum += Math.log(value);
    }
    return sum;
  }
}
