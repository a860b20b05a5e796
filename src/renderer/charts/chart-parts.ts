import { Chart, Decimation, LinearScale, LineController, LineElement, LogarithmicScale, PointElement } from 'chart.js';

// Only these parts, so that the bundle holds no bars, pies, dates, legends and tooltips.
Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale, Decimation);

export { Chart };
