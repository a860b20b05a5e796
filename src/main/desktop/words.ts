import type { LinkId } from '../../shared/contract.js';

/** What menus, dialogs and notifications of the system say; the page has words of its own. */
export interface Words {
  readonly file: string;
  readonly openFolder: string;
  readonly openArchive: string;
  readonly openRecent: string;
  readonly noRecent: string;
  readonly closeProject: string;
  readonly quit: string;
  readonly edit: string;
  readonly undo: string;
  readonly redo: string;
  readonly cut: string;
  readonly copy: string;
  readonly paste: string;
  readonly selectAll: string;
  readonly view: string;
  readonly theme: string;
  readonly themes: { readonly system: string; readonly light: string; readonly dark: string };
  readonly actualSize: string;
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly reload: string;
  readonly fullScreen: string;
  readonly developerTools: string;
  readonly train: string;
  readonly startTraining: string;
  readonly pause: string;
  readonly resume: string;
  readonly stop: string;
  readonly help: string;
  readonly links: Readonly<Record<LinkId, string>>;
  readonly archives: string;
  readonly images: string;
  readonly weights: string;
  readonly quitWhileTraining: string;
  readonly quitDetail: string;
  readonly stopAndKeep: string;
  readonly cancel: string;
  readonly ended: Readonly<Record<'completed' | 'early-stopping' | 'diverged' | 'failed', string>>;
  /** @param percent with its sign */
  readonly bestAccuracy: (percent: string, epoch: number) => string;
  readonly couldNotOpen: string;
  readonly pageGone: string;
  readonly pageGoneDetail: string;
  readonly couldNotStart: string;
}

const ENGLISH: Words = {
  file: '&File',
  openFolder: 'Open Folder…',
  openArchive: 'Open Zip Archive…',
  openRecent: 'Open Recent',
  noRecent: 'No Recent Projects',
  closeProject: 'Close Project',
  quit: 'Quit Graft',
  edit: '&Edit',
  undo: 'Undo',
  redo: 'Redo',
  cut: 'Cut',
  copy: 'Copy',
  paste: 'Paste',
  selectAll: 'Select All',
  view: '&View',
  theme: 'Theme',
  themes: { system: 'As the System', light: 'Light', dark: 'Dark' },
  actualSize: 'Actual Size',
  zoomIn: 'Zoom In',
  zoomOut: 'Zoom Out',
  reload: 'Reload',
  fullScreen: 'Full Screen',
  developerTools: 'Developer Tools',
  train: '&Train',
  startTraining: 'Start Training',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop and Keep',
  help: '&Help',
  links: { 'tensorflow-help': 'Help with TensorFlow', backbones: 'About the Backbones' },
  archives: 'Zip archives',
  images: 'Pictures',
  weights: 'Weights',
  quitWhileTraining: 'A model is being trained.',
  quitDetail: 'Stopping keeps the run with its best weights, and it can be continued later.',
  stopAndKeep: 'Stop and Keep the Run',
  cancel: 'Cancel',
  ended: {
    completed: 'Training is done',
    'early-stopping': 'Training is done: it got no better',
    diverged: 'Training diverged',
    failed: 'Training failed',
  },
  bestAccuracy: (percent, epoch) => `Best validation accuracy ${percent}, in epoch ${epoch}.`,
  couldNotOpen: 'Graft could not open this.',
  pageGone: 'The window has stopped working.',
  pageGoneDetail: 'Training goes on, and nothing is lost.',
  couldNotStart: 'Graft could not start.',
};

const TRADITIONAL_CHINESE: Words = {
  file: '檔案(&F)',
  openFolder: '開啟資料夾…',
  openArchive: '開啟 ZIP 壓縮檔…',
  openRecent: '最近開啟',
  noRecent: '沒有最近的專案',
  closeProject: '關閉專案',
  quit: '結束 Graft',
  edit: '編輯(&E)',
  undo: '復原',
  redo: '重做',
  cut: '剪下',
  copy: '複製',
  paste: '貼上',
  selectAll: '全選',
  view: '檢視(&V)',
  theme: '外觀',
  themes: { system: '跟隨系統', light: '淺色', dark: '深色' },
  actualSize: '實際大小',
  zoomIn: '放大',
  zoomOut: '縮小',
  reload: '重新載入',
  fullScreen: '全螢幕',
  developerTools: '開發者工具',
  train: '訓練(&T)',
  startTraining: '開始訓練',
  pause: '暫停',
  resume: '繼續',
  stop: '停止並保留',
  help: '說明(&H)',
  links: { 'tensorflow-help': 'TensorFlow 說明', backbones: '關於骨幹網路' },
  archives: 'ZIP 壓縮檔',
  images: '圖片',
  weights: '權重',
  quitWhileTraining: '模型正在訓練中。',
  quitDetail: '停止後會保留這次訓練及其最佳權重，之後可以繼續。',
  stopAndKeep: '停止並保留',
  cancel: '取消',
  ended: {
    completed: '訓練完成',
    'early-stopping': '訓練完成：已不再進步',
    diverged: '訓練發散',
    failed: '訓練失敗',
  },
  bestAccuracy: (percent, epoch) => `最佳驗證準確率 ${percent}，第 ${epoch} 輪。`,
  couldNotOpen: 'Graft 無法開啟。',
  pageGone: '視窗已停止運作。',
  pageGoneDetail: '訓練仍在進行，沒有遺失任何內容。',
  couldNotStart: 'Graft 無法啟動。',
};

/**
 * The words in the first of the user's languages that there are words in.
 *
 * @param languages BCP 47 tags, the preferred first
 */
export function chooseWords(languages: readonly string[]): Words {
  for (const language of languages) {
    if (/^zh\b(?!.*\b(Hans|CN|SG)\b)/i.test(language)) return TRADITIONAL_CHINESE;
    if (/^en\b/i.test(language)) return ENGLISH;
  }
  return ENGLISH;
}
