// What the report page needs of Apache ECharts, and nothing else.
import {init, use} from 'echarts/core';
import {BarChart, CustomChart, LineChart, ScatterChart} from 'echarts/charts';
import {DataZoomInsideComponent, GridComponent, TooltipComponent} from 'echarts/components';
import {CanvasRenderer} from 'echarts/renderers';

use([BarChart, CustomChart, LineChart, ScatterChart,
  DataZoomInsideComponent, GridComponent, TooltipComponent, CanvasRenderer]);
window.echarts = {init};
