//! Weighted ridge regression for a few dozen columns.

/// Solves `(XᵀWX + diag(penalty)) beta = XᵀWy` by Cholesky's method. Rows of `x` have the length of `penalty`,
/// whose entries must be positive, so that the system always has one solution.
pub(crate) fn ridge(x: &[Vec<f64>], y: &[f64], weight: &[f64], penalty: &[f64]) -> Vec<f64> {
    let columns = penalty.len();
    let mut a = vec![vec![0.0; columns]; columns];
    let mut b = vec![0.0; columns];
    for ((row, value), w) in x.iter().zip(y).zip(weight) {
        for i in 0..columns {
            b[i] += w * row[i] * value;
            for j in 0..=i {
                a[i][j] += w * row[i] * row[j];
            }
        }
    }
    for i in 0..columns {
        a[i][i] += penalty[i];
    }
    factor(&mut a);
    // Forward, then backward substitution.
    for i in 0..columns {
        let known: f64 = (0..i).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    for i in (0..columns).rev() {
        let known: f64 = (i + 1..columns).map(|j| a[j][i] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    b
}

/// Replaces the lower triangle of a positive matrix by its Cholesky factor.
fn factor(a: &mut [Vec<f64>]) {
    for i in 0..a.len() {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            a[i][j] = if i == j { (a[i][i] - known).max(1e-12).sqrt() } else { (a[i][j] - known) / a[j][j] };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ridge;

    #[test]
    fn a_line_is_found_again() {
        let x: Vec<Vec<f64>> = (0..20).map(|i| vec![1.0, f64::from(i)]).collect();
        let y: Vec<f64> = (0..20).map(|i| 3.0 + 0.5 * f64::from(i)).collect();
        let beta = ridge(&x, &y, &[1.0; 20], &[1e-9, 1e-9]);
        assert!((beta[0] - 3.0).abs() < 1e-6 && (beta[1] - 0.5).abs() < 1e-6, "{beta:?}");
    }

    #[test]
    fn a_column_that_never_occurs_gets_nothing() {
        let x = vec![vec![1.0, 0.0], vec![1.0, 0.0]];
        assert_eq!(ridge(&x, &[2.0, 2.0], &[1.0; 2], &[1e-9, 1.0])[1], 0.0);
    }
}
